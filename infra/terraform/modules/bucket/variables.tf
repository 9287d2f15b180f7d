variable "name" {
  description = "Name of the bucket, unique in all of AWS."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "name: 3 to 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit."
  }
}

variable "kms_key_arn" {
  description = "Key objects are encrypted with; null: S3's own keys, the only ones S3 can deliver access logs with."
  type        = string
  default     = null
}

variable "access_log_bucket" {
  description = "Bucket that S3 writes this one's access log to; null: none, for the bucket of the logs itself."
  type        = string
  default     = null
  validation {
    condition     = var.access_log_bucket != null || var.kms_key_arn == null
    error_message = "access_log_bucket: every bucket but that of the logs says where its access log goes."
  }
}

variable "policy_statements" {
  description = "Statements beside the one that refuses requests without TLS."
  type        = any
  default     = []
}

variable "noncurrent_days" {
  description = "Days for which a replaced or deleted object can be got back."
  type        = number
  default     = 90
  validation {
    condition     = var.noncurrent_days >= 7
    error_message = "noncurrent_days: at least 7, or a mistake can't be undone."
  }
}

variable "expiry_days" {
  description = "Days after which objects are deleted; null: kept."
  type        = number
  default     = null
}

variable "force_destroy" {
  description = "Whether `terraform destroy` may delete a bucket that isn't empty."
  type        = bool
  default     = false
}
