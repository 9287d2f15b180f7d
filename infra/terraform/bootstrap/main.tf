# What an account has once, before any environment: the bucket of Terraform's state, GitHub's OIDC provider and the images. An image is built
# once and runs in staging and in prod under the same digest, so the registry belongs to neither.

data "aws_caller_identity" "current" {}

locals {
  account_id = data.aws_caller_identity.current.account_id
  log_bucket = "trending-now-state-logs-${local.account_id}"
}

resource "aws_kms_key" "this" {
  description             = "Terraform's state and the images of Trending Now"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  # In a key's policy the resource "*" is the key itself.
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "GovernedByIam"
      Effect    = "Allow"
      Principal = { AWS = "arn:aws:iam::${local.account_id}:root" }
      Action    = "kms:*"
      Resource  = "*"
    }]
  })
}

module "state" {
  source = "../modules/bucket"

  name              = "trending-now-state-${local.account_id}"
  kms_key_arn       = aws_kms_key.this.arn
  access_log_bucket = module.state_logs.name
}

module "state_logs" {
  source = "../modules/bucket"

  name        = local.log_bucket
  expiry_days = 365
  policy_statements = [{
    Sid       = "TakeAccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:aws:s3:::${local.log_bucket}/*"
    Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
  }]
}

# An account can have one provider per issuer; AWS knows GitHub's certificates itself.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}

module "registry" {
  source = "../modules/registry"

  project            = "trending-now"
  kms_key_arn        = aws_kms_key.this.arn
  reader_account_ids = var.reader_account_ids
}
