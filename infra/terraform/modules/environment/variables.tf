variable "environment" {
  description = "staging or prod; also the name of GitHub's deployment environment unless github.environment says otherwise."
  type        = string
  validation {
    condition     = contains(["staging", "prod"], var.environment)
    error_message = "environment: staging or prod."
  }
}

variable "region" {
  description = "The AWS region."
  type        = string
  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: an AWS region, such as eu-central-1."
  }
}

variable "image" {
  description = "The serving image to begin with."
  type        = string
}

variable "repository_arns" {
  description = "Repositories of the serving and the training image: output of bootstrap."
  type        = object({ serving = string, training = string })
}

variable "github" {
  description = "Repository and deployment environment whose workflows may deploy, and the account's OIDC provider: output of bootstrap."
  type        = object({ repository = string, environment = string, oidc_provider_arn = string })
}

variable "may_push_images" {
  description = "Whether this environment's workflows push images."
  type        = bool
}

variable "service_kind" {
  description = "ecs_express or app_runner."
  type        = string
}

variable "size" {
  description = "CPU units and MiB of one container."
  type        = object({ cpu = number, memory = number })
}

variable "scaling" {
  description = "Fewest and most containers."
  type        = object({ min = number, max = number })
  validation {
    condition     = var.environment != "prod" || var.scaling.min >= 2
    error_message = "scaling.min: prod keeps at least 2 containers, so that losing one isn't an outage."
  }
}

variable "settings" {
  description = "TRENDING_* settings of the service beside those set here."
  type        = map(string)
}

variable "secrets" {
  description = "Settings whose values lie in Secrets Manager: ARN by name."
  type        = map(string)
}

variable "subnet_ids" {
  description = "Subnets for ECS; none: those of the default VPC."
  type        = list(string)
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to."
  type        = list(string)
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
}

variable "zenml_principal_arns" {
  description = "Who may take on the role of ZenML's service connector; none: there is no such role."
  type        = list(string)
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete data and releases."
  type        = bool
  validation {
    condition     = var.environment != "prod" || !var.force_destroy
    error_message = "force_destroy: prod's data and releases are never deleted by Terraform."
  }
}
