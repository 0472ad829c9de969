import json

import boto3

s3, sqs = boto3.client("s3"), boto3.client("sqs")


def handler(event, context):
    s3.create_bucket(Bucket="photos")
    s3.put_object(Bucket="photos", Key="a.json", Body=json.dumps(event).encode())
    queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=s3.get_object(Bucket="photos", Key="a.json")["Body"].read().decode())
    return [message["Body"] for message in sqs.receive_message(QueueUrl=queue)["Messages"]]
