variable "name" {
  description = "Prefix of all names, such as trending-now-staging."
  type        = string
}

variable "account_id" {
  description = "The AWS account."
  type        = string
}

variable "region" {
  description = "The region all of it lies in."
  type        = string
}

variable "artifact_bucket" {
  description = "The bucket of artifacts."
  type        = object({ name = string, arn = string })
}

variable "kms_key_arn" {
  description = "The environment's key."
  type        = string
}

variable "training_repository_arn" {
  description = "Repository of the training image."
  type        = string
  validation {
    condition     = can(regex("^arn:aws:ecr:[a-z0-9-]+:[0-9]{12}:repository/.+$", var.training_repository_arn))
    error_message = "training_repository_arn: the ARN of an ECR repository."
  }
}

variable "training_role_arn" {
  description = "Role SageMaker's jobs run under."
  type        = string
}

variable "principal_arns" {
  description = "Who may take on the connector's role: the role of the ZenML server, or of those who start pipelines."
  type        = list(string)
  validation {
    condition     = alltrue([for arn in var.principal_arns : can(regex("^arn:aws:iam::[0-9]{12}:(role|user)/[^*?]+$", arn))])
    error_message = "principal_arns: ARNs of roles or users, without wildcards and not a whole account."
  }
}
