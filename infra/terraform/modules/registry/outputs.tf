output "repositories" {
  description = "ARN and address of each repository."
  value       = { for key, repository in aws_ecr_repository.this : key => { arn = repository.arn, url = repository.repository_url } }
}
