// Plain JavaScript on purpose: it must run on whatever Node starts it, to say in one sentence what is missing.
const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  console.error(
    `Tanker runs its TypeScript on Node 24 or newer and found ${process.versions.node}: on Linux x64 and arm64 \`npm ci\` brings Node 24 along (start it by \`npm run\`), elsewhere install Node 24 first.`,
  );
  process.exit(1);
}
