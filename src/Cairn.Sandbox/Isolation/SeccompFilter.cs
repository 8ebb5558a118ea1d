using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Cairn.Abstractions;

namespace Cairn.Sandbox.Isolation;

/// <summary>
/// The system calls that no build or test needs and that have been ways out of sandboxes: a classic BPF program
/// (seccomp(2)) that answers them with an error. Namespaces and dropped capabilities forbid most of them already; this
/// keeps a hole in one of those from being reachable at all.
/// </summary>
internal static class SeccompFilter
{
    private const uint Allow = 0x7FFF0000;
    private const uint KillProcess = 0x80000000;
    private const uint NotPermitted = 0x00050000 | 1;
    private const uint NotImplemented = 0x00050000 | 38;
    private const uint NoSuchFamily = 0x00050000 | 97;
    private const uint CloneNewUser = 0x10000000;
    private const uint X32Bit = 0x40000000;

    // TIOCSTI types into the terminal that started Cairn, TIOCLINUX pastes into a console.
    private static readonly uint[] TerminalRequests = [0x5412, 0x541C];

    // The same on every architecture: io_uring, the new mount interface, pidfd_getfd, quotactl_fd, open_tree_attr, listns.
    private static readonly uint[] Everywhere = [425, 426, 427, 428, 429, 430, 431, 432, 433, 438, 442, 443, 467, 470];

    // Likewise, off where nothing is built: process_madvise, memfd_secret, setxattrat, removexattrat.
    private static readonly uint[] NarrowEverywhere = [440, 447, 463, 466];

    // Unix, internet and routing sockets; all other families have been ways into the kernel more often than they are used.
    private static readonly uint[] Sockets = [1, 2, 10, 16];
    private static readonly uint[] LocalSockets = [1];

    private static readonly Machine X64 = new(
        0xC000003E, Ioctl: 16, CloneCall: 56,
        [
            // ptrace, syslog, uselib, vhangup, pivot_root, adjtimex, chroot, acct, settimeofday, mount, umount2, swapon, swapoff, reboot
            101, 103, 134, 153, 155, 159, 161, 163, 164, 165, 166, 167, 168, 169,
            // sethostname, setdomainname, iopl, ioperm, init_module, delete_module, quotactl, lookup_dcookie, kexec_load
            170, 171, 172, 173, 175, 176, 179, 212, 246,
            // add_key, request_key, keyctl, unshare, perf_event_open, fanotify_init, name_to_handle_at, open_by_handle_at
            248, 249, 250, 272, 298, 300, 303, 304,
            // clock_adjtime, setns, process_vm_readv, process_vm_writev, kcmp, finit_module, kexec_file_load, bpf, userfaultfd
            305, 308, 310, 311, 312, 313, 320, 321, 323,
        ],
        SocketCall: 41,
        [
            // shmget, shmat, shmctl, semget, semop, semctl, shmdt, msgget, msgsnd, msgrcv, msgctl, semtimedop
            29, 30, 31, 64, 65, 66, 67, 68, 69, 70, 71, 220,
            // chown, fchown, lchown, mknod, personality, setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr
            92, 93, 94, 133, 135, 188, 189, 190, 197, 198, 199,
            // mknodat, fchownat, vmsplice, memfd_create
            259, 260, 278, 319,
        ]);

    private static readonly Machine Arm64 = new(
        0xC00000B7, Ioctl: 29, CloneCall: 220,
        [
            // ptrace, syslog, vhangup, pivot_root, adjtimex, chroot, acct, settimeofday, mount, umount2, swapon, swapoff, reboot
            117, 116, 58, 41, 171, 51, 89, 170, 40, 39, 224, 225, 142,
            // sethostname, setdomainname, init_module, delete_module, quotactl, lookup_dcookie, kexec_load
            161, 162, 105, 106, 60, 18, 104,
            // add_key, request_key, keyctl, unshare, perf_event_open, fanotify_init, name_to_handle_at, open_by_handle_at
            217, 218, 219, 97, 241, 262, 264, 265,
            // clock_adjtime, setns, process_vm_readv, process_vm_writev, kcmp, finit_module, kexec_file_load, bpf, userfaultfd
            266, 268, 270, 271, 272, 273, 294, 280, 282,
        ],
        SocketCall: 198,
        [
            // msgget, msgctl, msgrcv, msgsnd, semget, semctl, semtimedop, semop, shmget, shmctl, shmat, shmdt
            186, 187, 188, 189, 190, 191, 192, 193, 194, 195, 196, 197,
            // setxattr, lsetxattr, fsetxattr, removexattr, lremovexattr, fremovexattr, mknodat, fchownat, fchown, personality
            5, 6, 7, 14, 15, 16, 33, 54, 55, 92,
            // vmsplice, memfd_create
            75, 279,
        ]);

    /// <summary>The program's bytes, as bubblewrap's --seccomp reads them; for this machine's architecture.</summary>
    /// <exception cref="PlatformNotSupportedException">On an architecture without a filter: there is no sandbox then.</exception>
    /// <param name="profile">What kind of work is done; what a build does not need is off in all of them.</param>
    public static byte[] Program(SandboxProfile profile) => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => Program(X64, profile),
        Architecture.Arm64 => Program(Arm64, profile),
        var other => throw new PlatformNotSupportedException($"There is no system call filter for {other}, and so no sandbox."),
    };

    private static byte[] Program(Machine machine, SandboxProfile profile)
    {
        const ushort LoadWord = 0x20, JumpIfEqual = 0x15, JumpIfAtLeast = 0x35, JumpIfSet = 0x45, Return = 0x06;
        const uint Number = 0, Architecture = 4, FirstArgument = 16, SecondArgument = 24;
        const uint Clone3 = 435;
        var code = new List<(ushort Code, byte IfTrue, byte IfFalse, uint K)>
        {
            (LoadWord, 0, 0, Architecture),
            (JumpIfEqual, 1, 0, machine.Audit),
            (Return, 0, 0, KillProcess),
            (LoadWord, 0, 0, Number),
            (JumpIfAtLeast, 0, 1, X32Bit),
            (Return, 0, 0, KillProcess),
        };

        // clone3 passes its flags in memory that a filter cannot read; told that it is missing, the C library uses clone.
        code.AddRange([(JumpIfEqual, 0, 1, Clone3), (Return, 0, 0, NotImplemented)]);
        foreach (var number in machine.Denied.Concat(Everywhere).Concat(profile == SandboxProfile.Build ? [] : machine.Narrow.Concat(NarrowEverywhere)))
        {
            code.AddRange([(JumpIfEqual, 0, 1, number), (Return, 0, 0, NotPermitted)]);
        }

        var families = profile == SandboxProfile.ReadOnly ? LocalSockets : Sockets;
        code.AddRange([(JumpIfEqual, 0, (byte)((2 * families.Length) + 2), machine.SocketCall), (LoadWord, 0, 0, FirstArgument)]);
        foreach (var family in families)
        {
            code.AddRange([(JumpIfEqual, 0, 1, family), (Return, 0, 0, Allow)]);
        }

        code.AddRange(
        [
            (Return, 0, 0, NoSuchFamily),
            (JumpIfEqual, 0, 4, machine.CloneCall),
            (LoadWord, 0, 0, FirstArgument),
            (JumpIfSet, 0, 1, CloneNewUser),
            (Return, 0, 0, NotPermitted),
            (Return, 0, 0, Allow),
            (JumpIfEqual, 0, 5, machine.Ioctl),
            (LoadWord, 0, 0, SecondArgument),
            (JumpIfEqual, 2, 0, TerminalRequests[0]),
            (JumpIfEqual, 1, 0, TerminalRequests[1]),
            (Return, 0, 0, Allow),
            (Return, 0, 0, NotPermitted),
            (Return, 0, 0, Allow),
        ]);
        var bytes = new byte[code.Count * 8];
        for (var i = 0; i < code.Count; i++)
        {
            var at = bytes.AsSpan(i * 8);
            BinaryPrimitives.WriteUInt16LittleEndian(at, code[i].Code);
            (at[2], at[3]) = (code[i].IfTrue, code[i].IfFalse);
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], code[i].K);
        }

        return bytes;
    }

    private sealed record Machine(uint Audit, uint Ioctl, uint CloneCall, uint[] Denied, uint SocketCall, uint[] Narrow);
}
