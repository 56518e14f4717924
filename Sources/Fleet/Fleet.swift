// Declarations of Fleet follow in its folders.
