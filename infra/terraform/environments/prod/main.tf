# What people use: it runs images that staging has tried, and keeps its data whatever Terraform is told.

locals {
  environment = "prod"
}

module "environment" {
  source = "../../modules/environment"

  environment     = local.environment
  size            = { cpu = 1024, memory = 4096 }
  scaling         = { min = 2, max = 6 }
  log_days        = 365
  may_push_images = false
  force_destroy   = false

  region               = var.region
  image                = var.image
  repository_arns      = var.repository_arns
  github               = { repository = var.github_repository, environment = "production", oidc_provider_arn = var.oidc_provider_arn }
  service_kind         = var.service_kind
  settings             = var.settings
  secrets              = var.secrets
  subnet_ids           = var.subnet_ids
  alarm_emails         = var.alarm_emails
  zenml_principal_arns = var.zenml_principal_arns
}
