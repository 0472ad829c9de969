require "aws-sdk-s3"

S3 = Aws::S3::Client.new(endpoint: ENV["AWS_ENDPOINT_URL"], force_path_style: true, region: "eu-west-1")

def handler(event:, context:)
  S3.create_bucket(bucket: "photos", create_bucket_configuration: { location_constraint: "eu-west-1" }) unless event["again"]
  S3.put_object(bucket: "photos", key: "a.json", body: event.to_json, metadata: { "by" => "Ada" })
  listed = S3.list_objects_v2(bucket: "photos").contents.map(&:key)
  got = S3.get_object(bucket: "photos", key: "a.json")
  { listed: listed, metadata: got.metadata, body: JSON.parse(got.body.read), missing: missing }
end

def missing
  S3.get_object(bucket: "photos", key: "nowhere")
rescue Aws::S3::Errors::NoSuchKey => error
  error.class.name
end
