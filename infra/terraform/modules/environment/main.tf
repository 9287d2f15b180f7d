# One whole environment, put together from the other modules. staging and prod are two calls of it with other values.

data "aws_caller_identity" "current" {}

locals {
  name       = "trending-now-${var.environment}"
  account_id = data.aws_caller_identity.current.account_id
}

module "data" {
  source = "../data"

  name          = local.name
  account_id    = local.account_id
  region        = var.region
  force_destroy = var.force_destroy
}

module "monitoring" {
  source = "../monitoring"

  name         = local.name
  account_id   = local.account_id
  region       = var.region
  kms_key_arn  = module.data.kms_key_arn
  log_days     = var.log_days
  alarm_emails = var.alarm_emails
}

module "iam" {
  source = "../iam"

  name            = local.name
  account_id      = local.account_id
  region          = var.region
  service_kind    = var.service_kind
  bucket_arns     = { for key, bucket in module.data.buckets : key => bucket.arn }
  kms_key_arn     = module.data.kms_key_arn
  repository_arns = var.repository_arns
  log_group_arn   = module.monitoring.log_group.arn
  secret_arns     = values(var.secrets)
  github          = var.github
  may_push_images = var.may_push_images
}

module "service" {
  source = "../service"

  name         = local.name
  service_kind = var.service_kind
  image        = var.image
  environment = merge(var.settings, {
    TRENDING_RELEASES   = "s3://${module.data.buckets.releases.name}/releases"
    TRENDING_FEEDBACK   = "s3://${module.data.buckets.monitoring.name}/feedback"
    TRENDING_MONITORING = "s3://${module.data.buckets.monitoring.name}/monitoring"
    TRENDING_METRICS    = "emf"
    # The dimension of every figure, by which alarms tell one environment from the other.
    TRENDING_SERVICE_NAME = local.name
    # Load balancers ask from private addresses and say whom they ask for; the limit of requests is per client, not per load balancer.
    FORWARDED_ALLOW_IPS = "10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,169.254.0.0/16"
  })
  secrets    = var.secrets
  roles      = { task = module.iam.task_role_arn, execution = module.iam.execution_role_arn, infrastructure = module.iam.infrastructure_role_arn }
  log_group  = module.monitoring.log_group.name
  size       = var.size
  scaling    = var.scaling
  subnet_ids = var.subnet_ids

  # A container that starts before its role may read releases would fail its first health checks.
  depends_on = [module.iam]
}

module "zenml" {
  source = "../zenml"

  name                    = local.name
  account_id              = local.account_id
  region                  = var.region
  artifact_bucket         = module.data.buckets.artifacts
  kms_key_arn             = module.data.kms_key_arn
  training_repository_arn = var.repository_arns.training
  training_role_arn       = module.iam.training_role_arn
  principal_arns          = var.zenml_principal_arns
}
