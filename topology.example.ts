import { defineTopology } from '@tanker/contract/topology.ts';

/**
 * The one file that a user edits. Copy it to topology.ts and change it there; `npm run synth` reads topology.ts when
 * it is there, else this example. A mistake is an error that names the field and says what is allowed.
 */
export default defineTopology({
  // Prefix of every name in AWS. Two installations can share an account by different prefixes, such as tanker and staging
  // (not tanker and tanker-eu: that is also the prefix of the datacenter eu).
  installation: 'tanker',
  account: '111122223333',

  // Where the state machines and the table are. Customer data never goes there. A region that no datacenter uses
  // keeps recovery possible while a datacenter's region is down.
  controlRegion: 'eu-west-1',

  datacenters: [
    {
      name: 'us',
      region: 'us-east-1',
      jurisdiction: 'US',
      // Database clusters. A migration goes from one datacenter/server to another.
      servers: ['db1'],
      // Where providers are private, the agents run in your network. It needs a way out to the control region's Step
      // Functions and DynamoDB, and to Secrets Manager, KMS and S3 of every datacenter's region:
      // vpc: {
      //   vpcId: 'vpc-0a1b2c3d4e5f60718',
      //   subnetIds: ['subnet-0a1b2c3d4e5f60718'],
      //   securityGroupIds: ['sg-0a1b2c3d4e5f60718'],
      // },
    },
    { name: 'eu', region: 'eu-central-1', jurisdiction: 'EU', servers: ['db1', 'db2'] },
  ],

  // The request router in front of the product: it keeps each company's home and locks its traffic.
  gateway: {
    url: 'https://gateway.example.com',
    // Secrets Manager names of bearer tokens. The stacks make the secrets with random values; put yours in.
    operatorSecret: 'tanker/gateway-operator',
    readerSecret: 'tanker/gateway-reader',
  },

  // The services that own a part of a company's data, with one base URL for each datacenter.
  providers: [
    {
      name: 'contacts',
      endpoints: { us: 'https://contacts.us.example.com', eu: 'https://contacts.eu.example.com' },
      secret: 'tanker/provider/contacts',
    },
    {
      name: 'deals',
      endpoints: { us: 'https://deals.us.example.com', eu: 'https://deals.eu.example.com' },
      secret: 'tanker/provider/deals',
      // Rows of deals point at contacts, so these are imported first.
      importAfter: ['contacts'],
      // Where its exports and imports run: 'lambda', 'fargate' or, by the size of the company, 'auto':
      // transfer: 'auto',
    },
    {
      name: 'mail',
      endpoints: { us: 'https://mail.us.example.com', eu: 'https://mail.eu.example.com' },
      secret: 'tanker/provider/mail',
      importAfter: ['contacts'],
    },
  ],

  // From which jurisdiction to which data may move. Without the second line nobody moves back to the US.
  residency: [
    { from: 'US', to: 'EU' },
    { from: 'EU', to: 'US' },
  ],

  // Until a provider was measured, the estimate of the lock window assumes this speed: 20 MB/s.
  assumedBytesPerSecond: 20_000_000,
  // A migration whose estimate is longer is refused; one that takes longer before its commit point is undone.
  lockBudgetSeconds: 600,
  // For so many days the source keeps its copy after a migration.
  graceDays: 7,
  retention: {
    // Days until a migration's exports are deleted from the exports buckets.
    transferDays: 2,
    // Days for which a backup may be restored, at most; the window that the law leaves after a removal.
    backupDays: 30,
    // Days for which logs and the records of closed tasks are kept: 30, 60, 90, 180, 365, 400 or 731.
    recordDays: 365,
  },
  // How many providers are worked on at once, 1 to 40.
  concurrency: { providers: 20 },
  // Who is told when an alarm rings; docs/runbook.md has an entry for each alarm.
  alarms: { emails: ['tanker-on-call@example.com'], urls: [] },
});
