variable "name" {
  description = "Name of the service and of its cluster."
  type        = string
}

variable "service_kind" {
  description = "ecs_express, or app_runner in an account that used it before it closed to new customers (2026-04-30)."
  type        = string
  default     = "ecs_express"
  validation {
    condition     = contains(["ecs_express", "app_runner"], var.service_kind)
    error_message = "service_kind: ecs_express or app_runner."
  }
}

variable "image" {
  description = "The image to begin with, by tag or digest; deployments change it, and Terraform leaves that alone."
  type        = string
  validation {
    condition     = can(regex("^[^@:]+(:[A-Za-z0-9._-]+|@sha256:[0-9a-f]{64})$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image: REPOSITORY:TAG or REPOSITORY@sha256:DIGEST, and not :latest, which says nothing about what runs."
  }
}

variable "environment" {
  description = "Environment variables, such as TRENDING_RELEASES."
  type        = map(string)
  validation {
    condition     = length(setintersection(keys(var.environment), ["TRENDING_API_KEYS", "TRENDING_AUTHOR_SALT", "TRENDING_LLM_API_KEY", "TRENDING_MCP_TOKENS", "TRENDING_TMDB_KEY"])) == 0
    error_message = "environment: keys and tokens are secrets; put them into Secrets Manager and name them in `secrets`."
  }
}

variable "secrets" {
  description = "Environment variables whose values lie in Secrets Manager: ARN of the secret by name of the variable."
  type        = map(string)
  validation {
    condition     = contains(keys(var.secrets), "TRENDING_MCP_TOKENS")
    error_message = "secrets: TRENDING_MCP_TOKENS is missing; without tokens the service doesn't start where the network reaches it."
  }
  validation {
    condition     = alltrue([for arn in values(var.secrets) : can(regex("^arn:aws:secretsmanager:", arn))])
    error_message = "secrets: ARNs of secrets in Secrets Manager, never the secrets themselves."
  }
}

variable "roles" {
  description = "ARNs of the roles: task, execution, and infrastructure (null on App Runner)."
  type        = object({ task = string, execution = string, infrastructure = string })
}

variable "log_group" {
  description = "Where ECS writes the containers' logs; App Runner has a log group of its own."
  type        = string
}

variable "port" {
  description = "Port the container listens on."
  type        = number
  default     = 8000
}

variable "health_check_path" {
  description = "Asked before a container gets traffic. /ready answers 503 until a release is loaded."
  type        = string
  default     = "/ready"
  validation {
    condition     = contains(["/ready", "/health"], var.health_check_path)
    error_message = "health_check_path: /ready or /health, the paths that need no key."
  }
}

variable "size" {
  description = "CPU units and MiB of one container; only pairs that both kinds of service have."
  type        = object({ cpu = number, memory = number })
  validation {
    condition = contains(lookup({
      256  = [512, 1024]
      512  = [1024]
      1024 = [2048, 3072, 4096]
      2048 = [4096, 6144]
      4096 = [8192]
    }, var.size.cpu, []), var.size.memory)
    error_message = "size: cpu/memory 256/512, 256/1024, 512/1024, 1024/2048, 1024/3072, 1024/4096, 2048/4096, 2048/6144 or 4096/8192."
  }
}

variable "scaling" {
  description = "Fewest and most containers; ECS adds one above the CPU percentage, App Runner above the concurrent requests per container."
  type        = object({ min = number, max = number, cpu_percent = optional(number, 60), concurrency = optional(number, 50) })
  validation {
    condition     = var.scaling.min >= 1 && var.scaling.max >= var.scaling.min && var.scaling.max <= 25
    error_message = "scaling: 1 <= min <= max <= 25."
  }
}

variable "subnet_ids" {
  description = "At least two subnets for ECS, public ones for a public address; none: those of the default VPC."
  type        = list(string)
  default     = []
  validation {
    condition     = length(var.subnet_ids) != 1
    error_message = "subnet_ids: none, or at least two in different zones."
  }
}
