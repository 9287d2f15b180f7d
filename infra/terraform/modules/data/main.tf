# Where everything lies that pipelines and the service make: ZenML's artifacts, data versions, releases, and recordings of what the service is asked, each in a
# bucket of its own, so that a role can be given one of them; and the key all of the environment is encrypted with.

locals {
  # Days for which what was replaced can be got back. Artifacts can be made again by a run; versions and releases are what others rely on; a recording is replaced
  # every minute of its hour.
  stores = {
    artifacts  = { noncurrent_days = 30, expiry_days = null }
    data       = { noncurrent_days = 90, expiry_days = null }
    monitoring = { noncurrent_days = 7, expiry_days = var.recording_days }
    releases   = { noncurrent_days = 90, expiry_days = null }
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
  expiry_days       = each.value.expiry_days
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
