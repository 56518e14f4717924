// Declarations of Modules follow in its folders.
