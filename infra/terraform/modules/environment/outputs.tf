output "service" {
  description = "Address, ARN, kind and scaling of the service."
  value       = { url = module.service.url, arn = module.service.arn, kind = module.service.kind, scaling = module.service.scaling }
}

output "deploy_role_arn" {
  description = "Role of GitHub's workflows that deploy and roll back."
  value       = module.iam.deploy_role_arn
}

output "learning_role_arn" {
  description = "Role of GitHub's scheduled learning."
  value       = module.iam.learning_role_arn
}

output "stack_environment" {
  description = "Environment variables of the machine that starts pipelines: what stacks/aws.yaml reads, and where data versions, releases, recordings and flagged answers lie."
  value = merge(module.zenml.stack_environment, {
    TRENDING_DATA          = "s3://${module.data.buckets.data.name}/data"
    TRENDING_FEATURE_STORE = "s3://${module.data.buckets.data.name}/features"
    TRENDING_FEEDBACK      = "s3://${module.data.buckets.monitoring.name}/feedback"
    TRENDING_MONITORING    = "s3://${module.data.buckets.monitoring.name}/monitoring"
    TRENDING_RELEASES      = "s3://${module.data.buckets.releases.name}/releases"
  })
}

output "monitoring" {
  description = "Log group, dashboard and topic of the alarms."
  value       = module.monitoring
}
