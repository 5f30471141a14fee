import { writeFileSync } from 'node:fs';
import { openApiDocuments, openApiText } from './openapi.ts';

for (const [name, document] of Object.entries(openApiDocuments())) {
  writeFileSync(new URL(name, import.meta.url), openApiText(document));
  console.log(`contract/${name}`);
}
