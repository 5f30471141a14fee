import type { Topology } from '@tanker/contract/topology.ts';
import { RemovalPolicy } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, UrlSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Construct } from 'constructs';

/**
 * Where the alarms of one region go; an alarm can only tell a topic of its own region. Encrypted by a key of its own,
 * because CloudWatch can't be given a right on the key that AWS manages for SNS.
 */
export class AlarmTopic extends Construct {
  readonly topic: Topic;

  constructor(scope: Construct, topology: Topology, topicName: string) {
    super(scope, 'AlarmTopic');
    const cloudWatch = new ServicePrincipal('cloudwatch.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': topology.account } },
    });
    const key = new Key(this, 'Key', {
      description: `Alarms of Tanker ${topology.installation}`,
      enableKeyRotation: true,
      // A message lives for hours at most; nothing that is kept needs the key.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['kms:Decrypt', 'kms:GenerateDataKey*'],
        resources: ['*'],
      }),
    );
    this.topic = new Topic(this, 'Topic', { topicName, masterKey: key, enforceSSL: true });
    this.topic.addToResourcePolicy(
      new PolicyStatement({
        principals: [cloudWatch],
        actions: ['sns:Publish'],
        resources: [this.topic.topicArn],
      }),
    );
    for (const email of topology.alarms?.emails ?? []) {
      this.topic.addSubscription(new EmailSubscription(email));
    }
    for (const url of topology.alarms?.urls ?? []) this.topic.addSubscription(new UrlSubscription(url));
  }
}
