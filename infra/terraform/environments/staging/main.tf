# Where main is deployed and tried: one container, and the only environment that images are pushed from.

locals {
  environment = "staging"
}

module "environment" {
  source = "../../modules/environment"

  environment     = local.environment
  size            = { cpu = 1024, memory = 2048 }
  scaling         = { min = 1, max = 2 }
  log_days        = 30
  may_push_images = true
  force_destroy   = true

  region               = var.region
  image                = var.image
  repository_arns      = var.repository_arns
  github               = { repository = var.github_repository, environment = "staging", oidc_provider_arn = var.oidc_provider_arn }
  service_kind         = var.service_kind
  settings             = var.settings
  secrets              = var.secrets
  subnet_ids           = var.subnet_ids
  alarm_emails         = var.alarm_emails
  zenml_principal_arns = var.zenml_principal_arns
}
