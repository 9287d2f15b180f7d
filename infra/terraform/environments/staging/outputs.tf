output "service" {
  description = "Address, ARN, kind and scaling of the service."
  value       = module.environment.service
}

output "deploy_role_arn" {
  description = "Role of GitHub's workflows that deploy and roll back."
  value       = module.environment.deploy_role_arn
}

output "learning_role_arn" {
  description = "Role of GitHub's scheduled learning."
  value       = module.environment.learning_role_arn
}

output "stack_environment" {
  description = "Environment variables of the machine that starts pipelines."
  value       = module.environment.stack_environment
}

output "monitoring" {
  description = "Log group, dashboard and topic of the alarms."
  value       = module.environment.monitoring
}
