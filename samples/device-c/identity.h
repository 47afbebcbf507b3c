/* A device's keys and certificates, in a folder of its own. See identity.c. */
#ifndef IDENTITY_H
#define IDENTITY_H

#include <stddef.h>
#include <time.h>

#include <openssl/evp.h>

/* What is in use, and what was before it: each one file with key, certificate and chain together. */
#define CURRENT "current.pem"
#define PREVIOUS "previous.pem"
/* A key that was made and is not certified yet. */
#define NEXT_KEY "next.key.pem"
/* The device was told to wipe itself (WIPING: and has not finished). Each holds the number of the request. */
#define WIPING "wiping"
#define WIPED "wiped"

/* Puts a file in the folder's place of the old one, 0600, whole or not at all whatever moment the power goes. 0 when it stands. */
int file_replace(const char *folder, const char *name, const char *content);

/* The whole of a file, to be freed; NULL when there is none. */
char *file_read(const char *folder, const char *name);

/* Overwrites a file and removes it. */
void file_erase(const char *folder, const char *name);

/* The key that is to be certified next; made, and kept, when there is none. To be freed. */
EVP_PKEY *identity_next_key(const char *folder);

/* A certificate signing request (PEM) by which the device of this name asks. To be freed. */
char *identity_request(EVP_PKEY *key, const char *name);

/* Takes what was certified into use. 0 when it did; else the certificate is not of this key, or names no device. */
int identity_adopt(const char *folder, EVP_PKEY *key, const char *certificate, const char *chain);

/* Whose identity a file of the folder is; 0 when it is whole. `renew` is when two thirds of its life are over. */
int identity_read(const char *folder, const char *name, char *device, size_t room, time_t *renew);

#endif
