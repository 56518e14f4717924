// Declarations of SSH follow in its folders.
