# Three hospitals, one model, file by file: 371 trauma patients (R package BFI, data set `trauma`).
# Run from the project's folder: bash experiments/studies/trauma_hospitals/commands.sh OUT
set -eu
data=${DATA:-../shared/data}/trauma_three_hospitals
out=$1
study=experiments/studies/trauma_hospitals

mkdir -p "$out/keys"
cp "$study/network.toml" "$study/mapping.toml" "$out"
for hospital in 1 2 3; do
  # The file names no patients: each row gets a pseudonym.
  awk -F, -v h=$hospital 'NR == 1 { print "\"patient\"," $0 } $3 == h { print "H" h "-" ++k "," $0 }' \
    "$data/trauma.csv" > "$out/hospital_$hospital.csv"
  key=$(ketresponse network key "$out/keys/hospital_$hospital.pem")
  sed -i "s/HOSPITAL_${hospital}_KEY/$key/" "$out/network.toml"
done
key=$(ketresponse network key "$out/keys/lead.pem")
sed -i "s/LEAD_KEY/$key/" "$out/network.toml"
ketresponse network protocol "$out/network.toml" --key "$out/keys/lead.pem"

for round in 1 2 3 4 5 6; do
  for hospital in 1 2 3; do
    ketresponse network share --protocol "$out/network.toml" --key "$out/keys/hospital_$hospital.pem" \
      --cohort "$out/hospital_$hospital.csv" --mapping "$out/mapping.toml" --round $round --yes --quiet
  done
  ketresponse network combine "$out/shares" --protocol "$out/network.toml" --key "$out/keys/lead.pem"
done
