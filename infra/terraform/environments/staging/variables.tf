variable "region" {
  description = "The AWS region, such as eu-central-1."
  type        = string
}

variable "image" {
  description = "The serving image to begin with: REPOSITORY:TAG or REPOSITORY@sha256:DIGEST."
  type        = string
}

variable "repository_arns" {
  description = "Output of bootstrap."
  type        = object({ serving = string, training = string })
}

variable "oidc_provider_arn" {
  description = "Output of bootstrap."
  type        = string
}

variable "github_repository" {
  description = "The repository whose workflows deploy: OWNER/NAME."
  type        = string
}

variable "service_kind" {
  description = "ecs_express, or app_runner in an account that still has it."
  type        = string
  default     = "ecs_express"
}

variable "settings" {
  description = "TRENDING_* settings of the service, such as TRENDING_ALLOWED_HOSTS."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Settings whose values lie in Secrets Manager, at least TRENDING_MCP_TOKENS: ARN by name."
  type        = map(string)
}

variable "subnet_ids" {
  description = "At least two subnets for ECS; none: those of the default VPC."
  type        = list(string)
  default     = []
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to."
  type        = list(string)
  default     = []
}

variable "zenml_principal_arns" {
  description = "Roles or users that may take on the role of ZenML's service connector."
  type        = list(string)
  default     = []
}
