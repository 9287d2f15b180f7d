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

variable "kms_key_arn" {
  description = "Key that logs and alarms are encrypted with."
  type        = string
}

variable "log_days" {
  description = "Days for which the service's logs are kept; one of CloudWatch's own numbers."
  type        = number
  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365, 400, 545, 731], var.log_days)
    error_message = "log_days: 7, 14, 30, 60, 90, 180, 365, 400, 545 or 731."
  }
}

variable "alarm_emails" {
  description = "Addresses that alarms are sent to; each has to be confirmed once."
  type        = list(string)
  validation {
    condition     = alltrue([for address in var.alarm_emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "alarm_emails: e-mail addresses."
  }
}

variable "limits" {
  description = "What alarms: share of failed requests and LLM calls, seconds of the slowest percent, US dollars an hour, days since release and data."
  type = object({
    error_percent     = optional(number, 1)
    p99_seconds       = optional(number, 1)
    llm_error_percent = optional(number, 20)
    llm_usd_per_hour  = optional(number, 1)
    release_days      = optional(number, 14)
    data_days         = optional(number, 7)
  })
  default = {}
  validation {
    condition     = alltrue([for limit in values(var.limits) : limit > 0])
    error_message = "limits: every limit is above 0."
  }
}
