# The example by Terraform or OpenTofu. After `make`, in this folder: `terraform init`, then `terraform apply`.
terraform {
  required_providers {
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.7"
    }
    aws = {
      source  = "hashicorp/aws"
      version = "~> 6.0"
    }
  }
}

locals {
  layer = "${path.module}/../../dist/open-runtime-arm64.zip"
}

resource "aws_lambda_layer_version" "open_runtime" {
  layer_name               = "open-runtime-arm64"
  filename                 = local.layer
  source_code_hash         = filebase64sha256(local.layer)
  compatible_architectures = ["arm64"]
}

data "archive_file" "code" {
  type             = "zip"
  output_path      = "${path.module}/code.zip"
  output_file_mode = "0755" # middlewares are executables

  source {
    content  = file("${path.module}/../handler.js")
    filename = "handler.js"
  }
  source {
    content  = file("${path.module}/../middlewares/polite")
    filename = "middlewares/polite"
  }
}

resource "aws_iam_role" "hello" {
  name = "open-runtime-example"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.hello.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}

resource "aws_lambda_function" "hello" {
  function_name    = "open-runtime-example"
  role             = aws_iam_role.hello.arn
  runtime          = "nodejs22.x" # AWS's runtime brings the interpreter, Open Runtime does the rest
  architectures    = ["arm64"]
  memory_size      = 256
  handler          = "handler.hello"
  filename         = data.archive_file.code.output_path
  source_code_hash = data.archive_file.code.output_base64sha256
  layers           = [aws_lambda_layer_version.open_runtime.arn]

  environment {
    variables = {
      AWS_LAMBDA_EXEC_WRAPPER = "/opt/open-runtime"
      SLSMIDDLEWARES          = "polite" # in middlewares/, beside the code
    }
  }
}

output "hello" {
  value = aws_lambda_function.hello.function_name
}
