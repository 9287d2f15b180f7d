variable "name" {
  description = "Prefix of all names, such as trending-now-staging; also the service's and its cluster's name."
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

variable "service_kind" {
  description = "What runs the service: ecs_express or app_runner."
  type        = string
  validation {
    condition     = contains(["ecs_express", "app_runner"], var.service_kind)
    error_message = "service_kind: ecs_express or app_runner."
  }
}

variable "bucket_arns" {
  description = "ARNs of the buckets of artifacts, data versions, recordings and releases."
  type        = object({ artifacts = string, data = string, monitoring = string, releases = string })
}

variable "kms_key_arn" {
  description = "The environment's key."
  type        = string
}

variable "repository_arns" {
  description = "ARNs of the repositories of the serving and the training image."
  type        = object({ serving = string, training = string })
}

variable "log_group_arn" {
  description = "Log group of the service."
  type        = string
}

variable "secret_arns" {
  description = "Secrets the service is started with."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for arn in var.secret_arns : can(regex("^arn:aws:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*?]+$", arn))])
    error_message = "secret_arns: whole ARNs of secrets in Secrets Manager, without wildcards."
  }
}

variable "github" {
  description = "The repository (OWNER/NAME, or OWNER@ID/NAME@ID where GitHub's subjects carry ids), its deployment environment (learning takes on its role in ENVIRONMENT-learning), and the account's OIDC provider."
  type        = object({ repository = string, environment = string, oidc_provider_arn = string })
  validation {
    condition     = can(regex("^[A-Za-z0-9-]+(@[0-9]+)?/[A-Za-z0-9._-]+(@[0-9]+)?$", var.github.repository))
    error_message = "github.repository: one repository, OWNER/NAME, without wildcards."
  }
  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.github.environment))
    error_message = "github.environment: the name of one deployment environment, without wildcards."
  }
}

variable "may_push_images" {
  description = "Whether deployments may push images: where they are built, and nowhere else."
  type        = bool
}
