resource "aws_db_parameter_group" "this" {
  name        = "${var.prefix}-postgres${local.major}${var.parameter_group_suffix}"
  family      = "postgres${local.major}"
  description = "PostgreSQL ${local.major} shared by the applications of ${var.prefix}"

  # --- Connections and memory ---

  parameter {
    name         = "max_connections"
    value        = "200"
    apply_method = "pending-reboot"
  }

  # A quarter of the memory, in pages of 8 kB.
  parameter {
    name         = "shared_buffers"
    value        = "{DBInstanceClassMemory/32768}"
    apply_method = "pending-reboot"
  }

  # 64 MB, in kB
  parameter {
    name  = "work_mem"
    value = "65536"
  }

  # 512 MB, in kB
  parameter {
    name  = "maintenance_work_mem"
    value = "524288"
  }

  # --- Who gets in, and what they see ---

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "password_encryption"
    value = "scram-sha-256"
  }

  parameter {
    name  = "row_security"
    value = "1"
  }

  # --- What is slow ---

  parameter {
    name         = "shared_preload_libraries"
    value        = "pg_stat_statements"
    apply_method = "pending-reboot"
  }

  parameter {
    name  = "pg_stat_statements.track"
    value = "all"
  }

  # Milliseconds. Not log_statement: it would log the passwords that applications set.
  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  lifecycle {
    # A new major means a new group, and the old one is in use until the instance has moved.
    create_before_destroy = true
  }
}
