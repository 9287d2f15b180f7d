output "state" {
  description = "For backend.hcl of each environment."
  value       = { bucket = module.state.name, kms_key_id = aws_kms_key.this.arn, region = var.region }
}

output "repository_arns" {
  description = "For terraform.tfvars of each environment."
  value       = { for key, repository in module.registry.repositories : key => repository.arn }
}

output "repository_urls" {
  description = "Where images are pushed to."
  value       = { for key, repository in module.registry.repositories : key => repository.url }
}

output "oidc_provider_arn" {
  description = "For terraform.tfvars of each environment."
  value       = aws_iam_openid_connect_provider.github.arn
}
