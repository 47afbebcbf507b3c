#!/usr/bin/env bash
# Enrols a device by its TPM 2.0: makes an attestation key, opens the node's challenge with the endorsement key, and asks for a certificate.
#   enrol.sh URL GROUP FOLDER [TENANT]
# Needs tpm2-tools, curl, jq and openssl. CURL_CA_BUNDLE names the authority of the node's certificate; TPM2TOOLS_TCTI names the TPM.
# In FOLDER afterwards: device.key.pem (0600), device.crt.pem (the certificate and those up to the root), id.
set -euo pipefail
[ $# -ge 3 ] || { echo "usage: enrol.sh URL GROUP FOLDER [TENANT]" >&2; exit 2; }
url=$1 group=$2 folder=$3 tenant=${4:-}
algorithm=${EK_ALGORITHM:-rsa} # Or ecc; it must be the one whose key was made known.
umask 077
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Sends JSON and writes the answer; what is wrong goes to the error output.
post() {
    local code
    code=$(curl -sS -o "$work/answer.json" -w '%{http_code}' -H 'Content-Type: application/json' --data-binary @- "$url$1")
    [[ $code == 2?? ]] || { echo "enrol: $1 answered $code: $(jq -r '.detail // .title // empty' "$work/answer.json")" >&2; exit 1; }
}

# The endorsement key is made anew from the TPM's own seed: the same each time. The attestation key lives below it.
tpm2_createek -Q -c "$work/ek.ctx" -G "$algorithm" -u "$work/ek.pem" -f pem
tpm2_flushcontext -t # A TPM without a resource manager has room for three.
tpm2_createak -Q -C "$work/ek.ctx" -c "$work/ak.ctx" -G ecc -g sha256 -s ecdsa -u "$work/ak.pub" -f tss
tpm2_flushcontext -t
jq -n --arg group "$group" --rawfile ek "$work/ek.pem" --arg ak "$(base64 -w0 "$work/ak.pub")" --arg tenant "$tenant" \
    '{group: $group, endorsementKey: $ek, attestationKey: $ak} + (if $tenant == "" then {} else {tenant: $tenant} end)' | post /api/v1/provisioning/tpm/challenges
challenge=$(jq -r .challenge "$work/answer.json")

# The tools want both parts in one file, behind a head of theirs.
{ printf '\xba\xdc\xc0\xde\0\0\0\1'; jq -r .credential "$work/answer.json" | base64 -d; jq -r .secret "$work/answer.json" | base64 -d; } > "$work/credential.bin"
tpm2_startauthsession -Q --policy-session -S "$work/session.ctx"
tpm2_policysecret -Q -S "$work/session.ctx" -c e
tpm2_activatecredential -Q -c "$work/ak.ctx" -C "$work/ek.ctx" -P "session:$work/session.ctx" -i "$work/credential.bin" -o "$work/opened.bin"
tpm2_flushcontext "$work/session.ctx"

# The device's own key, and what the attestation key says of it.
[ -s "$folder/device.key.pem" ] || openssl ecparam -name prime256v1 -genkey -noout -out "$folder/device.key.pem"
openssl req -new -key "$folder/device.key.pem" -subj / -outform DER -out "$work/device.csr"
printf 'strata-tpm-1\n%s\n\n\n%s' "$challenge" "$(sha256sum "$work/device.csr" | cut -d' ' -f1)" > "$work/signed"
tpm2_sign -Q -c "$work/ak.ctx" -g sha256 -f plain -o "$work/signature" "$work/signed"
tpm2_flushcontext -t
jq -n --arg challenge "$challenge" --arg answer "$(base64 -w0 "$work/opened.bin")" --arg signature "$(base64 -w0 "$work/signature")" --arg csr "$(base64 -w0 "$work/device.csr")" \
    '{challenge: $challenge, answer: $answer, signature: $signature, csr: $csr}' | post /api/v1/provisioning/tpm/enroll
[ "$(jq -r .status "$work/answer.json")" = enrolled ] || { echo "enrol: a person decides; come again later" >&2; exit 3; }
jq -r '.certificate + .chain' "$work/answer.json" > "$folder/device.crt.pem"
jq -r .deviceId "$work/answer.json" > "$folder/id"
echo "enrolled as $(cat "$folder/id")"
