/*
 * A device with an identity of its own, by mosquitto's client library and OpenSSL: it asks for its certificate with what the factory
 * gave it, sends readings and health, renews the certificate, and wipes itself when it is told to. README.md says how it is used.
 */
#define _DEFAULT_SOURCE
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <mosquitto.h>
#include <mqtt_protocol.h>

#include "identity.h"

enum { DONE = 0, REFUSED = 1, USAGE = 2, GONE = 3, AWAY = -1 }; /* The first four are exit codes too. */

static struct {
    const char *host, *ca, *birth, *birth_key, *folder;
    char name[128], id[128];          /* the serial number that it asks by; the name that the cloud gave it */
    int port, interval, renew_now;
    struct mosquitto *link;
    int connected, subscribed, published; /* what the cloud answered; -1 while it did not */
    char *answer;                     /* to a request for a certificate */
    char wipe[64];                    /* the request to wipe itself; empty while there is none */
    char reading[128];                /* what is not acknowledged yet */
    unsigned long sent, errors;
} device;

static volatile sig_atomic_t stopping;

static void on_signal(int signal) { (void)signal; stopping = 1; }
static void on_connect(struct mosquitto *m, void *o, int reason) { (void)m; (void)o; device.connected = reason; }
static void on_subscribe(struct mosquitto *m, void *o, int mid, int count, const int *qos) { (void)m; (void)o; (void)mid; (void)count; device.subscribed = qos[0]; }
static void on_publish(struct mosquitto *m, void *o, int mid, int reason, const mosquitto_property *p) { (void)m; (void)o; (void)mid; (void)p; device.published = reason; }

static void on_message(struct mosquitto *m, void *o, const struct mosquitto_message *message)
{
    (void)m; (void)o;
    char wipe[192];
    int length = snprintf(wipe, sizeof wipe, "devices/%s/commands/wipe/", device.id);
    if (strncmp(message->topic, "provision/", 10) == 0 && !device.answer)
        device.answer = strndup(message->payloadlen ? message->payload : "", (size_t)message->payloadlen);
    else if (strncmp(message->topic, wipe, (size_t)length) == 0)
        snprintf(device.wipe, sizeof device.wipe, "%s", message->topic + length);
}

/* Lets the library work until a value is there, the time is over or the connection is; 0 when the value is there. */
static int pump(const int *value, int seconds)
{
    for (time_t end = time(NULL) + seconds; !stopping && time(NULL) < end;)
        if (mosquitto_loop(device.link, 100, 1) != MOSQ_ERR_SUCCESS || (value && *value >= 0))
            return value && *value >= 0 ? 0 : AWAY;
    return value ? AWAY : 0;
}

static void hang_up(void)
{
    if (device.link) {
        mosquitto_disconnect(device.link);
        mosquitto_destroy(device.link);
    }
    device.link = NULL;
}

/* Connects with a certificate and its key; DONE, REFUSED, or AWAY when nobody answers. */
static int dial(const char *certificate, const char *key)
{
    hang_up();
    device.connected = -1;
    device.link = mosquitto_new(*device.id ? device.id : device.name, true, NULL);
    mosquitto_int_option(device.link, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_connect_callback_set(device.link, on_connect);
    mosquitto_subscribe_callback_set(device.link, on_subscribe);
    mosquitto_publish_v5_callback_set(device.link, on_publish);
    mosquitto_message_callback_set(device.link, on_message);
    if (mosquitto_tls_set(device.link, device.ca, NULL, certificate, key, NULL) != MOSQ_ERR_SUCCESS) {
        fprintf(stderr, "device: %s or its key cannot be read\n", certificate);
        return REFUSED;
    }
    int error = mosquitto_connect(device.link, device.host, device.port, 30);
    if (error == MOSQ_ERR_SUCCESS && pump(&device.connected, 15) == 0) {
        if (device.connected == 0)
            return DONE;
        fprintf(stderr, "device: %s is not let in: %s\n", certificate, mosquitto_reason_string(device.connected));
        return REFUSED;
    }
    fprintf(stderr, "device: %s:%d cannot be reached: %s\n", device.host, device.port, error == MOSQ_ERR_SUCCESS ? "no answer, or not by TLS" : mosquitto_strerror(error));
    return AWAY;
}

static int subscribe(const char *filter)
{
    device.subscribed = -1;
    return mosquitto_subscribe(device.link, NULL, filter, 1) == MOSQ_ERR_SUCCESS && pump(&device.subscribed, 15) == 0 && device.subscribed < 128 ? DONE : AWAY;
}

/* Publishes and waits for the acknowledgement; REFUSED when this certificate does not let it. */
static int publish(const char *topic, const char *payload)
{
    device.published = -1;
    if (mosquitto_publish(device.link, NULL, topic, (int)strlen(payload), payload, 1, false) != MOSQ_ERR_SUCCESS || pump(&device.published, 40) != 0)
        return AWAY;
    if (device.published < 128)
        return DONE;
    device.errors++;
    fprintf(stderr, "device: %s: %s\n", topic, mosquitto_reason_string(device.published));
    return device.published == MQTT_RC_NOT_AUTHORIZED ? REFUSED : DONE;
}

/* A text of a flat JSON object, to be freed; NULL when there is none. What is not ASCII becomes '?'. */
static char *json_text(const char *json, const char *name)
{
    char quoted[32];
    snprintf(quoted, sizeof quoted, "\"%s\":\"", name);
    const char *from = strstr(json, quoted);
    char *text = from ? calloc(1, strlen(from)) : NULL, *to = text;
    for (from += text ? strlen(quoted) : 0; text && *from && *from != '"'; from++) {
        unsigned int code = (unsigned char)*from;
        if (code == '\\' && *++from == 'u' && sscanf(from + 1, "%4x", &code) == 1)
            from += 4;
        else if (code == '\\')
            code = *from == 'n' ? '\n' : *from == 'r' ? '\r' : *from == 't' ? '\t' : (unsigned char)*from;
        *to++ = code < 128 ? (char)code : '?';
    }
    return text;
}

/* Asks for a certificate over the connection that stands ("claim", or "renew" by the one that it has), and takes it into use. */
static int ask(const char *what)
{
    char topic[32], filter[34], json[2048] = "{\"csr\":\"";
    snprintf(topic, sizeof topic, "provision/%s", what);
    snprintf(filter, sizeof filter, "%s/+", topic);
    EVP_PKEY *key = identity_next_key(device.folder);
    char *request = key ? identity_request(key, *device.id ? device.id : device.name) : NULL;
    for (size_t i = 0, at = strlen(json); request && request[i] && at < sizeof json - 4; i++)
        at += (size_t)sprintf(json + at, request[i] == '\n' ? "\\n" : "%c", request[i]);
    strcat(json, "\"}");
    free(device.answer);
    device.answer = NULL;
    int result = request ? subscribe(filter) : AWAY;
    if (result == DONE && (result = publish(topic, json)) == DONE) /* Acknowledged when it has been answered. */
        for (int i = 0; i < 50 && !device.answer && pump(NULL, 1) == 0; i++)
            ;
    char *certificate = device.answer ? json_text(device.answer, "certificate") : NULL, *chain = device.answer ? json_text(device.answer, "chain") : NULL;
    char *reason = device.answer ? json_text(device.answer, "error") : NULL;
    if (certificate)
        result = identity_adopt(device.folder, key, certificate, chain ? chain : "") == 0 ? DONE : REFUSED;
    else if (result == DONE)
        result = device.answer ? REFUSED : AWAY;
    if (result != DONE)
        fprintf(stderr, "device: no certificate was given to %s: %s\n", device.name, reason ? reason : certificate ? "it is not of this key" : "no answer");
    EVP_PKEY_free(key);
    free(request), free(certificate), free(chain), free(reason);
    return result;
}

/* Connects with what it has; enrols when it has nothing, or `anew` when what it has lets it do nothing. */
static int come_in(int anew)
{
    const char *files[] = { CURRENT, PREVIOUS, NULL };
    int result = REFUSED;
    for (int enrolling = anew; enrolling < 2; enrolling++) {
        for (int i = 0; i < 3; i++) {
            char path[512], was[128] = "";
            time_t renew;
            if (files[i])
                snprintf(path, sizeof path, "%s/%s", device.folder, files[i]);
            if (files[i] && identity_read(device.folder, files[i], was, sizeof was, &renew) != 0)
                continue;
            if (!files[i] && !enrolling)
                continue;
            strcpy(device.id, was);
            result = files[i] ? dial(path, path) : dial(device.birth, device.birth_key);
            if (result == DONE && enrolling && (result = ask("claim")) == DONE) {
                printf("enrolled\n");
                return come_in(0);
            }
            if (result != REFUSED)
                return result;
        }
    }
    return result;
}

/* Answers the request and removes keys and certificates. Marked first: a power cut in between only puts it off to the next start. */
static int wipe(int tries)
{
    char topic[256], proof[160];
    int told = AWAY;
    file_replace(device.folder, WIPING, device.wipe);
    snprintf(proof, sizeof proof, "{\"wiped\":true,\"erased\":[\"%s\",\"%s\",\"%s\"]}", CURRENT, PREVIOUS, NEXT_KEY);
    for (; tries > 0 && told == AWAY && !stopping; tries--) {
        snprintf(topic, sizeof topic, "devices/%s/commands/wipe/%s/response", device.id, device.wipe);
        told = device.link ? publish(topic, proof) : AWAY;
        if (told == AWAY && tries > 1 && come_in(0) == AWAY)
            sleep(1);
    }
    hang_up();
    file_erase(device.folder, CURRENT);
    file_erase(device.folder, PREVIOUS);
    file_erase(device.folder, NEXT_KEY);
    file_replace(device.folder, WIPED, device.wipe);
    file_erase(device.folder, WIPING);
    fprintf(stderr, "device: wiped (request %s, %s); it must be provisioned anew\n", device.wipe, told == DONE ? "told" : "nobody was told");
    return GONE;
}

/* Sends and renews for as long as the connection stands and lets it; REFUSED when it does not let it. */
static int serve(void)
{
    char topic[192], health[128];
    time_t renew, tried = 0;
    snprintf(topic, sizeof topic, "devices/%s/commands/wipe/+", device.id);
    int result = subscribe(topic);
    for (unsigned long round = 0; result == DONE && !stopping; round++) {
        double load;
        struct timespec now;
        clock_gettime(CLOCK_REALTIME, &now);
        if (!*device.reading && getloadavg(&load, 1) == 1) /* Held until it is acknowledged; its time tells that it is the same when it comes twice. */
            snprintf(device.reading, sizeof device.reading, "{\"ts\":%lld,\"values\":{\"load\":%.2f}}", now.tv_sec * 1000LL + now.tv_nsec / 1000000, load);
        snprintf(topic, sizeof topic, "devices/%s/telemetry", device.id);
        if ((result = publish(topic, device.reading)) == DONE) {
            *device.reading = '\0';
            device.sent++;
        }
        clock_gettime(CLOCK_MONOTONIC, &now);
        snprintf(health, sizeof health, "{\"uptime\":%ld,\"errors\":%lu,\"sent\":%lu,\"firmware\":\"1.0.0\"}", (long)now.tv_sec, device.errors, device.sent);
        snprintf(topic, sizeof topic, "devices/%s/health", device.id);
        if (result == DONE)
            result = publish(topic, health);
        int due = device.renew_now || (identity_read(device.folder, CURRENT, device.id, sizeof device.id, &renew) == 0 && time(NULL) >= renew);
        if (result == DONE && due && time(NULL) - tried >= 3600) {
            tried = time(NULL);
            device.renew_now = 0;
            if (ask("renew") == DONE) {
                printf("renewed\n");
                return AWAY; /* And comes back, by what is new. */
            }
        }
        if (result == DONE)
            result = pump(NULL, device.interval);
        if (*device.wipe)
            return wipe(3);
    }
    return result;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        { "to", 1, NULL, 't' }, { "ca", 1, NULL, 'a' }, { "birth", 1, NULL, 'b' }, { "birth-key", 1, NULL, 'k' }, { "data", 1, NULL, 'd' },
        { "serial", 1, NULL, 's' }, { "interval", 1, NULL, 'i' }, { "renew-now", 0, NULL, 'r' }, { NULL, 0, NULL, 0 },
    };
    char *to = NULL, *colon;
    device.interval = 10;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (option) {
        case 't': to = optarg; break;
        case 'a': device.ca = optarg; break;
        case 'b': device.birth = optarg; break;
        case 'k': device.birth_key = optarg; break;
        case 'd': device.folder = optarg; break;
        case 's': snprintf(device.name, sizeof device.name, "%s", optarg); break;
        case 'i': device.interval = atoi(optarg); break;
        case 'r': device.renew_now = 1; break;
        default: return USAGE;
        }
    if (!to || !(colon = strrchr(to, ':')) || !device.ca || !device.birth || !device.birth_key || !device.folder || !*device.name || device.interval < 1) {
        fprintf(stderr, "device: --to HOST:PORT --ca FILE --birth CERT --birth-key KEY --serial TEXT --data DIR [--interval SECONDS] [--renew-now]\n");
        return USAGE;
    }
    const char *files[] = { device.ca, device.birth, device.birth_key };
    for (int i = 0; i < 3; i++)
        if (access(files[i], R_OK) != 0) {
            fprintf(stderr, "device: %s cannot be read\n", files[i]);
            return USAGE;
        }
    *colon = '\0';
    device.host = to, device.port = atoi(colon + 1);
    setvbuf(stdout, NULL, _IOLBF, 0);
    signal(SIGINT, on_signal), signal(SIGTERM, on_signal);
    mkdir(device.folder, S_IRWXU);
    mosquitto_lib_init();
    char *mark = file_read(device.folder, WIPED);
    if (mark) {
        fprintf(stderr, "device: it was wiped (request %s); to provision it anew, remove %s/%s\n", mark, device.folder, WIPED);
        return GONE;
    }
    if ((mark = file_read(device.folder, WIPING)) != NULL) {
        snprintf(device.wipe, sizeof device.wipe, "%s", mark);
        return wipe(30);
    }
    int result = AWAY;
    for (unsigned int wait = 1; !stopping && (result = come_in(result == REFUSED)) != REFUSED;) {
        if (result == DONE) {
            printf("connected as %s\n", device.id);
            wait = 1;
            result = serve();
        }
        if (result == GONE)
            return GONE;
        if (result == AWAY && !stopping)
            sleep(wait = wait < 60 ? wait * 2 : 60);
    }
    hang_up();
    return stopping ? DONE : REFUSED;
}
