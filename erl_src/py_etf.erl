%% @private Finds the atom for which binary_to_term/2 refused a term. Pure.
%%
%% `safe' says only badarg. Users want to know which name the node does not know, and the name alone
%% can be looked for without making the atom.
-module(py_etf).

-export([unknown_atom/1]).

%% @doc The first atom in an encoded term that this node does not know; `none' also when the encoding is
%% not one that this function can read.
-spec unknown_atom(binary()) -> {unknown_atom, binary()} | none.
unknown_atom(<<131, Term/binary>>) ->
    try skip(Term, 1) of
        _Rest -> none
    catch
        throw:{unknown_atom, _} = Unknown -> Unknown;
        error:_ -> none
    end;
unknown_atom(_) -> none.

%% The bytes after the next `Count' terms.
skip(Rest, 0) -> Rest;
skip(Bytes, Count) ->
    {More, Rest} = one(Bytes),
    skip(Rest, Count - 1 + More).

%% How many terms stand inside the first term, and the bytes from there.
one(<<97, _, R/binary>>) -> {0, R};                                        % SMALL_INTEGER
one(<<98, _:32, R/binary>>) -> {0, R};                                     % INTEGER
one(<<99, _:31/binary, R/binary>>) -> {0, R};                              % FLOAT
one(<<70, _:64, R/binary>>) -> {0, R};                                     % NEW_FLOAT
one(<<110, N, _, _:N/binary, R/binary>>) -> {0, R};                        % SMALL_BIG
one(<<111, N:32, _, _:N/binary, R/binary>>) -> {0, R};                     % LARGE_BIG
one(<<119, N, Name:N/binary, R/binary>>) -> atom(Name, utf8, R);           % SMALL_ATOM_UTF8
one(<<118, N:16, Name:N/binary, R/binary>>) -> atom(Name, utf8, R);        % ATOM_UTF8
one(<<115, N, Name:N/binary, R/binary>>) -> atom(Name, latin1, R);         % SMALL_ATOM
one(<<100, N:16, Name:N/binary, R/binary>>) -> atom(Name, latin1, R);      % ATOM
one(<<104, N, R/binary>>) -> {N, R};                                       % SMALL_TUPLE
one(<<105, N:32, R/binary>>) -> {N, R};                                    % LARGE_TUPLE
one(<<106, R/binary>>) -> {0, R};                                          % NIL
one(<<107, N:16, _:N/binary, R/binary>>) -> {0, R};                        % STRING
one(<<108, N:32, R/binary>>) -> {N + 1, R};                                % LIST and its tail
one(<<109, N:32, _:N/binary, R/binary>>) -> {0, R};                        % BINARY
one(<<77, N:32, _, _:N/binary, R/binary>>) -> {0, R};                      % BIT_BINARY
one(<<116, N:32, R/binary>>) -> {2 * N, R};                                % MAP
one(<<113, R/binary>>) -> {3, R};                                          % EXPORT
one(<<88, R/binary>>) -> node_then(12, R);                                 % NEW_PID
one(<<103, R/binary>>) -> node_then(9, R);                                 % PID
one(<<120, R/binary>>) -> node_then(12, R);                                % V4_PORT
one(<<89, R/binary>>) -> node_then(8, R);                                  % NEW_PORT
one(<<102, R/binary>>) -> node_then(5, R);                                 % PORT
one(<<90, N:16, R/binary>>) -> node_then(4 + 4 * N, R);                    % NEWER_REFERENCE
one(<<114, N:16, R/binary>>) -> node_then(1 + 4 * N, R);                   % NEW_REFERENCE
one(<<112, _:32, _:21/binary, Free:32, R/binary>>) ->                      % NEW_FUN: module, index, uniq,
    {4 + Free, R}.                                                         % pid and the free variables

atom(Name, Encoding, Rest) ->
    _ = try binary_to_existing_atom(Name, Encoding)
        catch error:badarg -> throw({unknown_atom, utf8(Name, Encoding)})
        end,
    {0, Rest}.

utf8(Name, utf8) -> Name;
utf8(Name, latin1) -> unicode:characters_to_binary(Name, latin1).

%% A node's name, then so many bytes.
node_then(Bytes, Rest) ->
    After = skip(Rest, 1),
    {0, binary:part(After, Bytes, byte_size(After) - Bytes)}.
