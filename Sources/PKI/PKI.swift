// Declarations of PKI follow in its folders.
