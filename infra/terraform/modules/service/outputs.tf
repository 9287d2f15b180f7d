output "url" {
  description = "Where the service answers."
  value       = local.express ? local.express_url : local.runner_url
}

output "arn" {
  description = "ARN of the service."
  value       = local.express ? one(aws_ecs_express_gateway_service.this[*].service_arn) : one(aws_apprunner_service.this[*].arn)
}

output "kind" {
  description = "What runs the service."
  value       = var.service_kind
}

output "scaling" {
  description = "Fewest and most containers."
  value       = { min = var.scaling.min, max = var.scaling.max }
}
