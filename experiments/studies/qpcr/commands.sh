# 20 genes in 64 people, TaqMan qPCR (Zalewski 2023, doi:10.3390/ijms241512087; files from CRAN's
# RQdeltaCT): the same plates as a long export with flags and as a wide matrix, samples in columns.
# They are mRNAs: every name is reported as no microRNA, and kept.
# Run from the project's folder: bash experiments/studies/qpcr/commands.sh OUT
# The long export flags what was not seen; the wide one has lost the flags, so it is told that
# nothing counts from 35 cycles on.
set -eu
data=${DATA:-../shared/data}/qpcr_rqdeltact
out=$1

ketresponse panel import "$data/data_Ct_long.txt" --out "$out/long.parquet"
ketresponse panel import "$data/data_Ct_wide.txt" --ceiling 35 --out "$out/wide.parquet"
ketresponse panel check "$out/long.parquet" --out "$out/quality"
