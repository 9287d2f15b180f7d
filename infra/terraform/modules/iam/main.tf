# Who may do what. The service reads releases and adds recordings, and nothing else; training writes what a run makes; a deployment moves an image and CURRENT, and enters that in the audit trail.
# Policies are written as values, not as data sources, so that tests can read them.

locals {
  express = var.service_kind == "ecs_express"

  # App Runner has no condition that binds a role to an account; ECS and SageMaker do.
  own_account = { StringEquals = { "aws:SourceAccount" = var.account_id } }

  read_releases = [
    {
      Sid       = "ListReleases"
      Effect    = "Allow"
      Action    = ["s3:ListBucket"]
      Resource  = [var.bucket_arns.releases]
      Condition = { StringLike = { "s3:prefix" = ["releases", "releases/*"] } }
    },
    {
      Sid      = "ReadReleases"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = ["${var.bucket_arns.releases}/releases/*"]
    },
  ]

  recordings = ["${var.bucket_arns.monitoring}/monitoring/*", "${var.bucket_arns.monitoring}/feedback/*"]

  # Adding is all it takes: what was recorded or flagged before is neither listed nor read.
  add_recordings = {
    Sid      = "AddRecordings"
    Effect   = "Allow"
    Action   = ["s3:PutObject"]
    Resource = local.recordings
  }

  read_recordings = [
    {
      Sid      = "ListRecordings"
      Effect   = "Allow"
      Action   = ["s3:ListBucket"]
      Resource = [var.bucket_arns.monitoring]
    },
    {
      Sid      = "ReadRecordings"
      Effect   = "Allow"
      Action   = ["s3:GetObject"]
      Resource = local.recordings
    },
  ]

  # The last row of each title lies in a table per view, named after the bucket that holds the rest of the feature store; Feast makes and removes them.
  use_feature_tables = {
    Sid    = "UseFeatureTables"
    Effect = "Allow"
    Action = [
      "dynamodb:BatchGetItem", "dynamodb:BatchWriteItem", "dynamodb:CreateTable", "dynamodb:DeleteTable", "dynamodb:DescribeTable",
      "dynamodb:ListTagsOfResource", "dynamodb:TagResource", "dynamodb:UntagResource",
    ]
    Resource = ["arn:aws:dynamodb:${var.region}:${var.account_id}:table/${trimprefix(var.bucket_arns.data, "arn:aws:s3:::")}.*"]
  }

  decrypt = {
    Sid      = "Decrypt"
    Effect   = "Allow"
    Action   = ["kms:Decrypt"]
    Resource = [var.kms_key_arn]
  }

  encrypt_and_decrypt = {
    Sid      = "EncryptAndDecrypt"
    Effect   = "Allow"
    Action   = ["kms:Decrypt", "kms:GenerateDataKey"]
    Resource = [var.kms_key_arn]
  }

  read_secrets = length(var.secret_arns) == 0 ? [] : [{
    Sid      = "ReadSecrets"
    Effect   = "Allow"
    Action   = ["secretsmanager:GetSecretValue"]
    Resource = var.secret_arns
  }]

  # ECR's token is for the whole registry: this action knows no resource.
  log_in = {
    Sid      = "LogInToRegistry"
    Effect   = "Allow"
    Action   = ["ecr:GetAuthorizationToken"]
    Resource = ["*"]
  }

  list_actions  = ["s3:GetBucketLocation", "s3:ListBucket"]
  write_actions = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject"]

  pull_actions = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
  push_actions = ["ecr:CompleteLayerUpload", "ecr:InitiateLayerUpload", "ecr:PutImage", "ecr:UploadLayerPart"]
}
