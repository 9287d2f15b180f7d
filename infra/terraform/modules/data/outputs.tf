output "buckets" {
  description = "Name and ARN of the bucket of artifacts, of data versions, of recordings and of releases."
  value       = { for key, store in module.store : key => { name = store.name, arn = store.arn } }
}

output "kms_key_arn" {
  description = "The key of the environment."
  value       = aws_kms_key.this.arn
}
