import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

const s3 = new S3Client({ forcePathStyle: true });

export const handler = async (event) => {
  await s3.send(new CreateBucketCommand({ Bucket: 'photos' }));
  await s3.send(new PutObjectCommand({ Bucket: 'photos', Key: 'a.json', Body: JSON.stringify(event) }));
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: 'photos', Key: 'a.json' }));
  return JSON.parse(await Body.transformToString());
};
