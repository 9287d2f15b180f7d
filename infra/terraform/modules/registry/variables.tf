variable "project" {
  description = "Namespace of the repositories."
  type        = string
}

variable "kms_key_arn" {
  description = "Key that images are encrypted with."
  type        = string
}

variable "reader_account_ids" {
  description = "Other accounts whose services may pull, such as production's; none: this account alone."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for id in var.reader_account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "reader_account_ids: the 12 digits of AWS accounts."
  }
}

variable "kept_days" {
  description = "Days for which images are kept, whether they run or not: deliver more often than that."
  type        = number
  default     = 180
  validation {
    condition     = var.kept_days >= 90
    error_message = "kept_days: at least 90, or what runs may be gone when a container of it is to start."
  }
}
