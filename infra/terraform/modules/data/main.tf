# Where everything that pipelines make lies: ZenML's artifacts, data versions and releases, each in a bucket of its own, so that a role can be
# given one of them; and the key all of the environment is encrypted with.

locals {
  # Days for which what was replaced can be got back. Artifacts can be made again by a run; versions and releases are what others rely on.
  stores = {
    artifacts = { noncurrent_days = 30 }
    data      = { noncurrent_days = 90 }
    releases  = { noncurrent_days = 90 }
  }
  log_bucket = "${var.name}-access-logs-${var.account_id}"
}

module "store" {
  source   = "../bucket"
  for_each = local.stores

  name              = "${var.name}-${each.key}-${var.account_id}"
  kms_key_arn       = aws_kms_key.this.arn
  access_log_bucket = module.access_logs.name
  noncurrent_days   = each.value.noncurrent_days
  force_destroy     = var.force_destroy
}

module "access_logs" {
  source = "../bucket"

  name          = local.log_bucket
  expiry_days   = var.access_log_days
  force_destroy = var.force_destroy
  policy_statements = [{
    Sid       = "TakeAccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:aws:s3:::${local.log_bucket}/*"
    Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
  }]
}
