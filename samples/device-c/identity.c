/*
 * A device's keys and certificates. The key is made here and never leaves. What is in use is one file with key and certificate
 * together, replaced in one step (rename) after the one before was kept: whatever moment the power goes, there is one that works.
 */
#define _POSIX_C_SOURCE 200809L
#include "identity.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#define DEVICE_URI "urn:strata:device:" /* TENANT/ID follows */

static void path_of(char *path, size_t room, const char *folder, const char *name, const char *suffix)
{
    snprintf(path, room, "%s/%s%s", folder, name, suffix);
}

/* A rename or a removal is on the disk when its folder is. */
static int sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY);
    int result = fd < 0 ? -1 : fsync(fd);
    if (fd >= 0)
        close(fd);
    return result;
}

int file_replace(const char *folder, const char *name, const char *content)
{
    char path[512], next[512];
    path_of(path, sizeof path, folder, name, "");
    path_of(next, sizeof next, folder, name, ".next");
    int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC, S_IRUSR | S_IWUSR);
    if (fd < 0)
        return -1;
    size_t length = strlen(content);
    int ok = write(fd, content, length) == (ssize_t)length && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    return ok && rename(next, path) == 0 ? sync_folder(folder) : -1;
}

char *file_read(const char *folder, const char *name)
{
    char path[512];
    struct stat stat;
    path_of(path, sizeof path, folder, name, "");
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return NULL;
    char *content = fstat(fd, &stat) == 0 ? calloc(1, (size_t)stat.st_size + 1) : NULL;
    if (content && read(fd, content, (size_t)stat.st_size) != stat.st_size) {
        free(content);
        content = NULL;
    }
    close(fd);
    return content;
}

void file_erase(const char *folder, const char *name)
{
    char path[512];
    static const char zeros[512];
    struct stat stat;
    path_of(path, sizeof path, folder, name, "");
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return;
    for (off_t left = fstat(fd, &stat) == 0 ? stat.st_size : 0; left > 0; left -= (off_t)sizeof zeros)
        if (write(fd, zeros, left < (off_t)sizeof zeros ? (size_t)left : sizeof zeros) < 0)
            break;
    fsync(fd);
    close(fd);
    unlink(path);
    sync_folder(folder);
}

/* What was written to a memory BIO, as text. */
static char *text_of(BIO *bio)
{
    char *data;
    long length = BIO_get_mem_data(bio, &data);
    char *text = calloc(1, (size_t)length + 1);
    if (text)
        memcpy(text, data, (size_t)length);
    BIO_free(bio);
    return text;
}

static EVP_PKEY *key_in(const char *text)
{
    BIO *bio = BIO_new_mem_buf(text, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

static char *key_text(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    return text_of(bio);
}

EVP_PKEY *identity_next_key(const char *folder)
{
    char *text = file_read(folder, NEXT_KEY);
    EVP_PKEY *key = text ? key_in(text) : NULL;
    free(text);
    if (key)
        return key; /* Asked for before the power went: whoever answers now certifies the same key. */
    key = EVP_EC_gen("P-256");
    text = key ? key_text(key) : NULL;
    if (!text || file_replace(folder, NEXT_KEY, text) != 0) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    free(text);
    return key;
}

char *identity_request(EVP_PKEY *key, const char *name)
{
    X509_REQ *request = X509_REQ_new();
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0);
    X509_REQ_set_pubkey(request, key);
    X509_REQ_sign(request, key, EVP_sha256());
    PEM_write_bio_X509_REQ(bio, request);
    X509_REQ_free(request);
    return text_of(bio);
}

/* The device's id from the certificate's alternative name; 0 when it has one. */
static int device_of(X509 *certificate, char *device, size_t room)
{
    int found = -1;
    GENERAL_NAMES *names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (name->type != GEN_URI)
            continue;
        const char *uri = (const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier);
        const char *id = strncmp(uri, DEVICE_URI, strlen(DEVICE_URI)) == 0 ? strrchr(uri, '/') : NULL;
        if (id)
            found = snprintf(device, room, "%s", id + 1) < (int)room ? 0 : -1;
    }
    GENERAL_NAMES_free(names);
    return found;
}

/* Whether the text holds a certificate of a device with its key; `life` gets how many seconds it holds. */
static int read_text(const char *text, char *device, size_t room, time_t *life)
{
    int days = 0, seconds = 0;
    BIO *bio = BIO_new_mem_buf(text, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    EVP_PKEY *key = key_in(text);
    int whole = certificate && key && X509_check_private_key(certificate, key) == 1 && device_of(certificate, device, room) == 0
        && ASN1_TIME_diff(&days, &seconds, X509_get0_notBefore(certificate), X509_get0_notAfter(certificate)) == 1;
    *life = (time_t)days * 86400 + seconds;
    EVP_PKEY_free(key);
    X509_free(certificate);
    BIO_free(bio);
    return whole ? 0 : -1;
}

int identity_adopt(const char *folder, EVP_PKEY *key, const char *certificate, const char *chain)
{
    char device[128];
    time_t life;
    char *secret = key_text(key), *before = file_read(folder, CURRENT);
    int whole = before && read_text(before, device, sizeof device, &life) == 0; /* What is damaged must not take the place of what works. */
    size_t room = strlen(secret) + strlen(certificate) + strlen(chain) + 1;
    char *text = malloc(room);
    int ok = -1;
    if (text) {
        snprintf(text, room, "%s%s%s", secret, certificate, chain);
        ok = read_text(text, device, sizeof device, &life);
    }
    if (ok == 0 && whole)
        ok = file_replace(folder, PREVIOUS, before);
    if (ok == 0)
        ok = file_replace(folder, CURRENT, text);
    if (ok == 0)
        file_erase(folder, NEXT_KEY);
    free(secret);
    free(before);
    free(text);
    return ok;
}

int identity_read(const char *folder, const char *name, char *device, size_t room, time_t *renew)
{
    char path[512];
    struct stat taken;
    time_t life = 0;
    char *text = file_read(folder, name);
    int ok = text ? read_text(text, device, room, &life) : -1;
    path_of(path, sizeof path, folder, name, "");
    /* Counted from when it was taken into use by this device's own clock, so that a clock that is wrong does no harm. */
    if (ok == 0 && (ok = stat(path, &taken)) == 0)
        *renew = taken.st_mtime + life / 3 * 2;
    free(text);
    return ok;
}
