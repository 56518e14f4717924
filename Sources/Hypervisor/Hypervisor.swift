// Declarations of Hypervisor follow in its folders.
