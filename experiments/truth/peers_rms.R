# Fits rms::lrm with a penalty chosen by pentrace to each cohort of a folder, for experiments/truth/peers.py.
# A cohort NUMBER.in holds doubles: n, p, n_new, then Z (n x p), y (n) and Z_new (n_new x p) by
# columns. NUMBER.out gets the n_new risks, or nothing when the fit failed.
suppressPackageStartupMessages(library(rms))
options(warn = -1)

fit <- function(Z, y) {
  frame <- data.frame(y = y, Z)
  ml <- lrm(y ~ ., data = frame, x = TRUE, y = TRUE, maxit = 50)
  if (ml$fail) stop("no maximum likelihood fit")
  # pentrace's default search from 0 upwards, by its default criterion (AIC.c).
  penalty <- pentrace(ml, c(0, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256), maxit = 50)$penalty
  update(ml, penalty = penalty)
}

for (path in list.files(commandArgs(TRUE)[1], "\\.in$", full.names = TRUE)) {
  values <- readBin(path, "double", file.size(path) / 8)
  n <- values[1]; p <- values[2]; n_new <- values[3]
  Z <- matrix(values[3 + seq_len(n * p)], n)
  y <- values[3 + n * p + seq_len(n)]
  Z_new <- matrix(values[3 + n * p + n + seq_len(n_new * p)], n_new)
  Z_new <- Z_new[, apply(Z, 2, sd) > 0, drop = FALSE]
  Z <- Z[, apply(Z, 2, sd) > 0, drop = FALSE]
  risk <- tryCatch(
    predict(fit(Z, y), data.frame(Z_new), type = "fitted"),
    error = function(problem) numeric(0)
  )
  writeBin(as.double(risk), sub("\\.in$", ".out", path))
}
