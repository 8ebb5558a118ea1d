using System.Collections.Frozen;

namespace Cairn.Memory.Grounding;

/// <summary>Names that JavaScript has without an import: of the language, browsers, Node and test programs.</summary>
internal static class JavaScriptNames
{
    public static FrozenSet<string> BuiltIn { get; } = Words(
        """
        if for while switch catch return typeof instanceof new await yield function super this throw delete void in of do else case with async class const let var import export default extends static
        constructor get set satisfies as keyof infer unique readonly declare abstract asserts is never unknown any string number boolean symbol bigint object undefined null true false
        Array ArrayBuffer AggregateError Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError FinalizationRegistry Float32Array Float64Array Function Infinity Int16Array
        Int32Array Int8Array Intl Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol SyntaxError TypeError URIError
        Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval isFinite isNaN parseFloat parseInt unescape
        require define importScripts setTimeout clearTimeout setInterval clearInterval setImmediate clearImmediate queueMicrotask structuredClone fetch atob btoa reportError
        alert confirm prompt open close print focus blur stop scroll scrollTo scrollBy moveTo resizeTo postMessage addEventListener removeEventListener dispatchEvent getComputedStyle getSelection
        URL URLSearchParams URLPattern Headers Request Response FormData Blob File FileReader FileList Event CustomEvent ErrorEvent MessageEvent KeyboardEvent MouseEvent PointerEvent TouchEvent
        InputEvent DragEvent StorageEvent EventTarget EventSource AbortController AbortSignal TextEncoder TextDecoder WebSocket XMLHttpRequest Worker SharedWorker Image Audio Option Notification
        MutationObserver IntersectionObserver ResizeObserver PerformanceObserver MessageChannel BroadcastChannel DOMParser XMLSerializer DOMException DOMRect DOMMatrix DOMPoint Range Text Comment
        ReadableStream WritableStream TransformStream CompressionStream DecompressionStream TextDecoderStream TextEncoderStream ClipboardItem DataTransfer Path2D OffscreenCanvas ImageData
        CountQueuingStrategy ByteLengthQueuingStrategy SpeechSynthesisUtterance MediaRecorder MediaStream RTCPeerConnection AudioContext WebAssembly Element HTMLElement Node DocumentFragment
        matchMedia requestAnimationFrame cancelAnimationFrame requestIdleCallback cancelIdleCallback createImageBitmap
        describe it test expect before after beforeEach afterEach beforeAll afterAll suite setup teardown suiteSetup suiteTeardown context specify xit xdescribe fit fdescribe xtest step assert should sinon chai
        jest vi cy Cypress browser element by $ $$ jQuery QUnit inject module pending spyOn fail expectTypeOf assertType bench
        Deno Bun process Buffer global globalThis window document self console exports arguments gettext ngettext i18n __ _ t
        defineProps defineEmits defineExpose defineModel defineOptions defineSlots withDefaults defineNuxtConfig $state $derived $effect $props $bindable $inspect
        """);

    /// <summary>Modules of Node.</summary>
    public static FrozenSet<string> Library { get; } = Words(
        """
        assert async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns domain events fs http http2 https inspector module net os path perf_hooks process
        punycode querystring readline repl sea sqlite stream string_decoder sys test timers tls trace_events tty url util v8 vm wasi worker_threads zlib
        """);

    private static FrozenSet<string> Words(string text) => text.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).ToFrozenSet(StringComparer.Ordinal);
}
