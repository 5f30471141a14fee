import { exportsBucketName, keys } from '@tanker/contract/index.ts';
import { few } from './copies.ts';
import { readRows } from './tasks.ts';
import type { Finding, Scene } from './verdict.ts';

/** Objects and unfinished uploads of a company in every bucket, as S3 itself lists them. */
function held({ stage, task }: Scene) {
  const { s3 } = stage.cloud;
  const prefix = `exports/${task.company}/`;
  const ofCompany = ({ key }: { key: string }) => key.startsWith(prefix) || key.includes(`/${task.company}/`);
  return s3.buckets().flatMap(({ name }) => [
    ...s3
      .objects(name)
      .filter(ofCompany)
      .map(({ key }) => ({ bucket: name, key, isUpload: false })),
    ...s3
      .uploads(name)
      .filter(ofCompany)
      .map(({ key }) => ({ bucket: name, key, isUpload: true })),
  ]);
}

/**
 * Objects only of tasks that were done, in the bucket of their home's datacenter, each with the day of its end on
 * record; unfinished uploads of nobody.
 */
export async function checkBucket(scene: Scene): Promise<Finding[]> {
  const { stage, now, task, keepsExports } = scene;
  const dues = [
    ...(await readRows(stage, keys.dues('discard-exports'))),
    ...(await readRows(stage, keys.dues('expire-backup'))),
  ].filter(({ company }) => company === now.id);
  const ending = new Set(dues.map((due) => due['task']));
  const all = held(scene);
  const uploads = all.filter(({ isUpload }) => isUpload);
  const objects = all.filter(({ isUpload }) => !isUpload);
  const isAllowed = (of: string, bucket: string) => {
    const datacenter = now.kept.get(of);
    if (datacenter !== undefined) return bucket === exportsBucketName(stage.topology, datacenter);
    return keepsExports && of === task.task;
  };
  const ofTask = (key: string) => key.split('/')[2] ?? '';
  const orphans = objects.filter(({ key, bucket }) => !isAllowed(ofTask(key), bucket));
  const endless = [...new Set(objects.map(({ key }) => ofTask(key)))].filter((of) => !ending.has(of));
  return [
    ...(uploads.length > 0 ? [`P9: unfinished uploads are left: ${few(uploads.map(({ key }) => key))}`] : []),
    ...(orphans.length > 0
      ? [`P9: objects of nobody are left: ${few(orphans.map(({ bucket, key }) => `${bucket}/${key}`))}`]
      : []),
    ...(endless.length > 0 ? [`P9: objects without a day of their end: ${few(endless)}`] : []),
  ];
}
