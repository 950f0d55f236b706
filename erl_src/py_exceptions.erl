%% @private The exceptions that Python has built in, as atoms.
%%
%% A literal list, so that no atom is ever made of what Python sends: an exception that is not here, a newer
%% Python's or one's own, stays a binary. Pure.
-module(py_exceptions).

-export([type/2]).

-export_type([builtin/0]).

-type builtin() ::
              'ArithmeticError' | 'AssertionError' | 'AttributeError' | 'BaseException' |
              'BaseExceptionGroup' | 'BlockingIOError' | 'BrokenPipeError' | 'BufferError' | 'BytesWarning' |
              'ChildProcessError' | 'ConnectionAbortedError' | 'ConnectionError' | 'ConnectionRefusedError' |
              'ConnectionResetError' | 'DeprecationWarning' | 'EOFError' | 'EncodingWarning' | 'Exception' |
              'ExceptionGroup' | 'FileExistsError' | 'FileNotFoundError' | 'FloatingPointError' |
              'FutureWarning' | 'GeneratorExit' | 'ImportError' | 'ImportWarning' | 'IndentationError' |
              'IndexError' | 'InterruptedError' | 'IsADirectoryError' | 'KeyError' | 'KeyboardInterrupt' |
              'LookupError' | 'MemoryError' | 'ModuleNotFoundError' | 'NameError' | 'NotADirectoryError' |
              'NotImplementedError' | 'OSError' | 'OverflowError' | 'PendingDeprecationWarning' |
              'PermissionError' | 'ProcessLookupError' | 'PythonFinalizationError' | 'RecursionError' |
              'ReferenceError' | 'ResourceWarning' | 'RuntimeError' | 'RuntimeWarning' | 'StopAsyncIteration'
              | 'StopIteration' | 'SyntaxError' | 'SyntaxWarning' | 'SystemError' | 'SystemExit' | 'TabError'
              | 'TimeoutError' | 'TypeError' | 'UnboundLocalError' | 'UnicodeDecodeError' |
              'UnicodeEncodeError' | 'UnicodeError' | 'UnicodeTranslateError' | 'UnicodeWarning' |
              'UserWarning' | 'ValueError' | 'Warning' | 'ZeroDivisionError' | '_IncompleteInputError'.

%% @doc The type of an exception as users see it.
-spec type(Name :: binary(), IsBuiltin :: boolean()) -> builtin() | binary().
type(Name, true) -> atom(Name);
type(Name, false) -> Name.

atom(<<"ArithmeticError">>) -> 'ArithmeticError';
atom(<<"AssertionError">>) -> 'AssertionError';
atom(<<"AttributeError">>) -> 'AttributeError';
atom(<<"BaseException">>) -> 'BaseException';
atom(<<"BaseExceptionGroup">>) -> 'BaseExceptionGroup';
atom(<<"BlockingIOError">>) -> 'BlockingIOError';
atom(<<"BrokenPipeError">>) -> 'BrokenPipeError';
atom(<<"BufferError">>) -> 'BufferError';
atom(<<"BytesWarning">>) -> 'BytesWarning';
atom(<<"ChildProcessError">>) -> 'ChildProcessError';
atom(<<"ConnectionAbortedError">>) -> 'ConnectionAbortedError';
atom(<<"ConnectionError">>) -> 'ConnectionError';
atom(<<"ConnectionRefusedError">>) -> 'ConnectionRefusedError';
atom(<<"ConnectionResetError">>) -> 'ConnectionResetError';
atom(<<"DeprecationWarning">>) -> 'DeprecationWarning';
atom(<<"EOFError">>) -> 'EOFError';
atom(<<"EncodingWarning">>) -> 'EncodingWarning';
atom(<<"Exception">>) -> 'Exception';
atom(<<"ExceptionGroup">>) -> 'ExceptionGroup';
atom(<<"FileExistsError">>) -> 'FileExistsError';
atom(<<"FileNotFoundError">>) -> 'FileNotFoundError';
atom(<<"FloatingPointError">>) -> 'FloatingPointError';
atom(<<"FutureWarning">>) -> 'FutureWarning';
atom(<<"GeneratorExit">>) -> 'GeneratorExit';
atom(<<"ImportError">>) -> 'ImportError';
atom(<<"ImportWarning">>) -> 'ImportWarning';
atom(<<"IndentationError">>) -> 'IndentationError';
atom(<<"IndexError">>) -> 'IndexError';
atom(<<"InterruptedError">>) -> 'InterruptedError';
atom(<<"IsADirectoryError">>) -> 'IsADirectoryError';
atom(<<"KeyError">>) -> 'KeyError';
atom(<<"KeyboardInterrupt">>) -> 'KeyboardInterrupt';
atom(<<"LookupError">>) -> 'LookupError';
atom(<<"MemoryError">>) -> 'MemoryError';
atom(<<"ModuleNotFoundError">>) -> 'ModuleNotFoundError';
atom(<<"NameError">>) -> 'NameError';
atom(<<"NotADirectoryError">>) -> 'NotADirectoryError';
atom(<<"NotImplementedError">>) -> 'NotImplementedError';
atom(<<"OSError">>) -> 'OSError';
atom(<<"OverflowError">>) -> 'OverflowError';
atom(<<"PendingDeprecationWarning">>) -> 'PendingDeprecationWarning';
atom(<<"PermissionError">>) -> 'PermissionError';
atom(<<"ProcessLookupError">>) -> 'ProcessLookupError';
atom(<<"PythonFinalizationError">>) -> 'PythonFinalizationError';
atom(<<"RecursionError">>) -> 'RecursionError';
atom(<<"ReferenceError">>) -> 'ReferenceError';
atom(<<"ResourceWarning">>) -> 'ResourceWarning';
atom(<<"RuntimeError">>) -> 'RuntimeError';
atom(<<"RuntimeWarning">>) -> 'RuntimeWarning';
atom(<<"StopAsyncIteration">>) -> 'StopAsyncIteration';
atom(<<"StopIteration">>) -> 'StopIteration';
atom(<<"SyntaxError">>) -> 'SyntaxError';
atom(<<"SyntaxWarning">>) -> 'SyntaxWarning';
atom(<<"SystemError">>) -> 'SystemError';
atom(<<"SystemExit">>) -> 'SystemExit';
atom(<<"TabError">>) -> 'TabError';
atom(<<"TimeoutError">>) -> 'TimeoutError';
atom(<<"TypeError">>) -> 'TypeError';
atom(<<"UnboundLocalError">>) -> 'UnboundLocalError';
atom(<<"UnicodeDecodeError">>) -> 'UnicodeDecodeError';
atom(<<"UnicodeEncodeError">>) -> 'UnicodeEncodeError';
atom(<<"UnicodeError">>) -> 'UnicodeError';
atom(<<"UnicodeTranslateError">>) -> 'UnicodeTranslateError';
atom(<<"UnicodeWarning">>) -> 'UnicodeWarning';
atom(<<"UserWarning">>) -> 'UserWarning';
atom(<<"ValueError">>) -> 'ValueError';
atom(<<"Warning">>) -> 'Warning';
atom(<<"ZeroDivisionError">>) -> 'ZeroDivisionError';
atom(<<"_IncompleteInputError">>) -> '_IncompleteInputError';
atom(Name) -> Name.
