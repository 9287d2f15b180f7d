output "service" {
  description = "Address, ARN, kind and scaling of the service."
  value       = module.environment.service
}

output "deploy_role_arn" {
  description = "Role of GitHub's workflows."
  value       = module.environment.deploy_role_arn
}

output "stack_environment" {
  description = "Environment variables of the machine that starts pipelines."
  value       = module.environment.stack_environment
}

output "monitoring" {
  description = "Log group, dashboard and topic of the alarms."
  value       = module.environment.monitoring
}
