variable "name" {
  description = "Prefix of all names, such as trending-now-staging."
  type        = string
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,28}[a-z0-9]$", var.name))
    error_message = "name: 3 to 30 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "account_id" {
  description = "The AWS account, which makes the buckets' names unique."
  type        = string
  validation {
    condition     = can(regex("^[0-9]{12}$", var.account_id))
    error_message = "account_id: the 12 digits of an AWS account."
  }
}

variable "region" {
  description = "The region all of it lies in."
  type        = string
}

variable "access_log_days" {
  description = "Days for which S3's access logs are kept."
  type        = number
  default     = 365
}

variable "recording_days" {
  description = "Days for which recordings of what the service is asked are kept."
  type        = number
  default     = 90
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete buckets that aren't empty."
  type        = bool
  default     = false
}
