# 323 microRNAs in 61 neuroblastoma tumours, RT-qPCR (Mestdagh 2009, doi:10.1186/gb-2009-10-6-r64;
# file from Bioconductor's unifiedWMWqPCR): a wide matrix, samples in rows, non-detects at 35.
# Not CRPS, not blood, and no dates: real patients on whom the import can be tried.
# Run from the project's folder: bash experiments/studies/mirna_neuroblastoma/commands.sh OUT
# `group` holds no Ct and is left out of the panel by itself; it is MYCN status, the outcome here.
set -eu
data=${DATA:-../shared/data}/mirna_neuroblastoma
out=$1

ketresponse panel import "$data/nb_mirna_wide.csv" --out "$out/panel.parquet"
ketresponse panel check "$out/panel.parquet" --out "$out/quality" --clean "$out/clean.parquet"

cp experiments/studies/mirna_neuroblastoma/*.toml "$out"
ketresponse cohort import "$data/nb_mirna_wide.csv" --mapping "$out/mapping.toml" --out "$out/cohort.parquet"
ketresponse train "$out/study.toml" --report "$out/report.html"
