#pragma once
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <gnutls/x509-ext.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>

// A macro over a cast, which Swift does not import.
static inline unsigned int drover_gnutls_curve_bits(gnutls_ecc_curve_t curve) {
    return GNUTLS_CURVE_TO_BITS(curve);
}

// `gnutls_free` is a global function pointer, which Swift 6 refuses as a shared mutable variable. What GnuTLS
// allocated may be a private key, so it is always wiped first.
static inline void drover_gnutls_wipe_and_free(gnutls_datum_t *datum) {
    if (datum->data) {
        gnutls_memset(datum->data, 0, datum->size);
        gnutls_free(datum->data);
    }
    datum->data = NULL;
    datum->size = 0;
}

static inline void drover_gnutls_free_pointer(void *pointer) {
    gnutls_free(pointer);
}
