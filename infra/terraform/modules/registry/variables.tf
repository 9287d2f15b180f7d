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

variable "kept_images" {
  description = "How many images each repository keeps; older ones go."
  type        = number
  default     = 50
  validation {
    condition     = var.kept_images >= 10
    error_message = "kept_images: at least 10, or there is nothing to roll back to."
  }
}
