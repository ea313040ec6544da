/** As the preset of react-native has it. */
jest.mock('./NativeModules', () => ({ __esModule: true, default: { Clipboard: {} } }));
