output "log_group" {
  description = "Name and ARN of the service's log group; the ARN is known before it exists."
  value = {
    name = aws_cloudwatch_log_group.service.name
    arn  = "arn:aws:logs:${var.region}:${var.account_id}:log-group:/${var.name}/service"
  }
}

output "topic_arn" {
  description = "Topic of the alarms."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard" {
  description = "Name of the dashboard."
  value       = aws_cloudwatch_dashboard.service.dashboard_name
}
