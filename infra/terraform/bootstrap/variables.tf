variable "region" {
  description = "The AWS region, such as eu-central-1."
  type        = string
}

variable "reader_account_ids" {
  description = "Other accounts whose services may pull the images, such as production's."
  type        = list(string)
  default     = []
}
