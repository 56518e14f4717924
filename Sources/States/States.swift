// Declarations of States follow in its folders.
